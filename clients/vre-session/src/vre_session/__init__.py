"""What runs inside a session beside JupyterLab: keeps the user's tokens fresh."""
